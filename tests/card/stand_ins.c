/*
 * Stand-ins for CUDA's runtime, cuBLAS, cuDNN and the driver: what is on "the
 * card" lies in the host's memory, copies are made, and nothing is computed. All
 * that is asked of the card is counted.
 *
 * Compiled together with a list of the functions that the provider asks for
 * beyond these (stand_ins.ts writes it), into one library under all the names.
 *
 * In the environment:
 *   STAND_INS_CONDITIONS  what copies of one byte from the card say in turn, as
 *                         01: they are answers to an If or a Loop, which the
 *                         card would have computed
 *   STAND_INS_ANSWERS     a file of results for the copies from the card, in
 *                         turn, each its length in bytes (int64) and its bytes;
 *                         copies of other lengths are made as they are
 *   STAND_INS_LOG         a file to which the counts are appended at the end
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KINDS 8192 /* a power of two, above what is ever counted at once */

struct kind {
  char *name;
  long count;
};
static struct kind kinds[KINDS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int capturing;

/* What is recorded for a graph, in the order in which it was asked for. */
struct node {
  int type; /* as CUDA numbers them */
  void *to;
  const void *from;
  size_t bytes;
  int way, value;
};
enum { KERNEL, COPY, MEMSET, HOST_WORK };
struct graph {
  struct node *nodes;
  size_t count;
};
static struct graph *recorded;
static int broken; /* what may not be done while recording was done */

static void count(const char *what, const char *name);

/* Whether something is recorded instead of done. */
static int record(struct node node) {
  if (!capturing) return 0;
  recorded->nodes =
      realloc(recorded->nodes, (recorded->count + 1) * sizeof node);
  recorded->nodes[recorded->count++] = node;
  return 1;
}

/* CUDA's answer to what may not be done while recording. */
static int refused(void) {
  if (!capturing) return 0;
  broken = 1;
  return 900;
}

static unsigned hash_of(const char *name) {
  unsigned hash = 2166136261u;
  for (; *name; name++) hash = (hash ^ (unsigned char)*name) * 16777619u;
  return hash;
}

/* Counts one of a kind; what is recorded for a graph is another kind. */
static void count(const char *what, const char *name) {
  char text[1024];
  snprintf(text, sizeof text, "%s%s%s", capturing ? "captured " : "", what, name);
  pthread_mutex_lock(&lock);
  unsigned at = hash_of(text) % KINDS;
  while (kinds[at].name && strcmp(kinds[at].name, text)) at = (at + 1) % KINDS;
  if (!kinds[at].name) kinds[at].name = strdup(text);
  kinds[at].count++;
  pthread_mutex_unlock(&lock);
}

/* What the list of other functions calls. */
void stand_ins_called(const char *name) { count("call ", name); }

static unsigned turn;

/*
 * Writes a line `COUNT KIND` for each kind into a text of so many bytes and
 * begins anew; gives the bytes that are needed.
 */
long stand_ins_report(char *text, long size) {
  long used = 0;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < KINDS; i++) {
    if (!kinds[i].count) continue;
    long room = size > used ? size - used : 0;
    used += snprintf(text + (room ? used : 0), room, "%ld %s\n",
                     kinds[i].count, kinds[i].name);
    kinds[i].count = 0;
  }
  turn = 0;
  pthread_mutex_unlock(&lock);
  return used;
}

__attribute__((destructor)) static void at_the_end(void) {
  const char *path = getenv("STAND_INS_LOG");
  FILE *file = path ? fopen(path, "a") : NULL;
  if (!file) return;
  for (int i = 0; i < KINDS; i++) {
    if (kinds[i].count) fprintf(file, "%ld %s\n", kinds[i].count, kinds[i].name);
  }
  fclose(file);
}

/* Kernels. */

#define FUNCTIONS 65536
static const void *functions[FUNCTIONS];
static const char *function_names[FUNCTIONS];

static unsigned place_of(const void *function) {
  unsigned at = ((uintptr_t)function >> 4) % FUNCTIONS;
  while (functions[at] && functions[at] != function) at = (at + 1) % FUNCTIONS;
  return at;
}

void **__cudaRegisterFatBinary(void *binary) {
  static void *handle;
  return &handle;
}
void __cudaRegisterFatBinaryEnd(void **handle) {}
void __cudaUnregisterFatBinary(void **handle) {}
void __cudaRegisterVar(void **handle) {}
void __cudaRegisterFunction(void **handle, const char *function, char *device,
                            const char *name) {
  unsigned at = place_of(function);
  functions[at] = function;
  function_names[at] = name;
}

typedef struct {
  unsigned x, y, z;
} dim3;
static __thread struct {
  dim3 grid, block;
  size_t shared;
  void *stream;
} pushed;

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared,
                                     void *stream) {
  pushed.grid = grid, pushed.block = block;
  pushed.shared = shared, pushed.stream = stream;
  return 0;
}
int __cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *shared,
                               void *stream) {
  *grid = pushed.grid, *block = pushed.block, *shared = pushed.shared;
  *(void **)stream = pushed.stream;
  return 0;
}
int __cudaGetKernel(const void **kernel, const void *function) {
  *kernel = function;
  return 0;
}

static int launch(const void *function, dim3 grid) {
  const char *name = function_names[place_of(function)];
  if (!name) name = "without a name";
  count("kernel ", name);
  /* Whether blocks beside each other may add to the same place. */
  if (grid.y > 1) count("tall kernel ", name);
  record((struct node){.type = KERNEL});
  return 0;
}
int cudaLaunchKernel(const void *f, dim3 grid) { return launch(f, grid); }
int __cudaLaunchKernel(const void *f, dim3 grid) { return launch(f, grid); }
int cudaLaunchCooperativeKernel(const void *f, dim3 grid) {
  return launch(f, grid);
}
int cudaLaunchKernelExC(const dim3 *config, const void *f) {
  return launch(f, *config); /* which begins with the grid */
}
int cudaLaunchHostFunc(void *stream, void (*f)(void *), void *data) {
  count("call ", "cudaLaunchHostFunc");
  if (!record((struct node){.type = HOST_WORK})) f(data);
  return 0;
}
int cudaFuncGetAttributes(int *attributes, const void *function) {
  memset(attributes, 0, 96);
  attributes[6] = 1024; /* threads of a block at most */
  attributes[7] = 32;   /* registers */
  attributes[8] = attributes[9] = 90;
  return 0;
}
int cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks) {
  *blocks = 4;
  return 0;
}

/* Memory. */

/* What lies on the card. */
#define BLOCKS 65536
static struct {
  char *begin;
  size_t bytes;
} blocks[BLOCKS];

static int allocate(void **memory, size_t bytes) {
  void *fresh = NULL;
  if (posix_memalign(&fresh, 4096, bytes ? bytes : 1)) return 2;
  memset(fresh, 0, bytes);
  *memory = fresh;
  return 0;
}
int cudaMalloc(void **memory, size_t bytes) {
  count("", "allocation on the card");
  if (refused()) return 900;
  int failed = allocate(memory, bytes);
  for (int i = 0; !failed && i < BLOCKS; i++) {
    if (blocks[i].begin) continue;
    blocks[i].begin = *memory, blocks[i].bytes = bytes;
    break;
  }
  return failed;
}
int cudaMallocFromPoolAsync(void **memory, size_t bytes) {
  return cudaMalloc(memory, bytes);
}
int cudaMallocHost(void **memory, size_t bytes) {
  count("", "allocation of pinned memory");
  return allocate(memory, bytes);
}
int cudaHostAlloc(void **memory, size_t bytes) {
  return cudaMallocHost(memory, bytes);
}
int cudaFree(void *memory) {
  for (int i = 0; memory && i < BLOCKS; i++) {
    if (blocks[i].begin == memory) blocks[i].begin = NULL;
  }
  free(memory);
  return 0;
}
int cudaFreeAsync(void *memory) { return cudaFree(memory); }
int cudaFreeHost(void *memory) { return cudaFree(memory); }
int cudaMemGetInfo(size_t *left, size_t *all) {
  *left = 140000000000u, *all = 150000000000u;
  return 0;
}
int cudaMemPoolCreate(void **pool) {
  *pool = &kinds;
  return 0;
}
int cudaPointerGetAttributes(int *attributes, const void *memory) {
  memset(attributes, 0, 32);
  for (int i = 0; i < BLOCKS; i++) {
    size_t offset = (const char *)memory - blocks[i].begin;
    if (blocks[i].begin && offset < blocks[i].bytes) attributes[0] = 2;
  }
  return 0;
}

/* The next answer, if it has the length of a copy. */
static int answered(void *to, size_t bytes) {
  static FILE *answers;
  static int64_t length = -2; /* of the next; -1 where there are no more */
  if (length == -2) {
    const char *path = getenv("STAND_INS_ANSWERS");
    answers = path ? fopen(path, "rb") : NULL;
    if (!answers || fread(&length, 8, 1, answers) != 1) length = -1;
  }
  if (length < 0 || (size_t)length != bytes) return 0;
  if (fread(to, 1, bytes, answers) != bytes) abort();
  if (fread(&length, 8, 1, answers) != 1) length = -1;
  return 1;
}

static void copy(void *to, const void *from, size_t bytes, int way) {
  static const char *ways[] = {"on the host", "to the card", "from the card",
                               "on the card", "somewhere"};
  count("copy ", ways[way]);
  struct node node = {COPY, to, from, bytes, way};
  if (record(node)) return;
  memmove(to, from, bytes);
  if (way != 2 || answered(to, bytes) || bytes != 1) return;
  const char *conditions = getenv("STAND_INS_CONDITIONS");
  if (!conditions || !*conditions) conditions = "01";
  *(char *)to = conditions[turn++ % strlen(conditions)] == '1';
}
int cudaMemcpy(void *to, const void *from, size_t bytes, int way) {
  count("call ", "cudaMemcpy");
  if (refused()) return 900;
  copy(to, from, bytes, way);
  return 0;
}
int cudaMemcpyAsync(void *to, const void *from, size_t bytes, int way) {
  copy(to, from, bytes, way);
  return 0;
}
int cudaMemcpy2DAsync(void *to, size_t pitch, const void *from, size_t other,
                      size_t width, size_t height, int way) {
  for (size_t i = 0; i < height; i++) {
    memmove((char *)to + i * pitch, (char *)from + i * other, width);
  }
  count("copy ", way == 1   ? "to the card"
                 : way == 2 ? "from the card"
                            : "on the card");
  return 0;
}
/* Memory is set: what is finite stays so. */
int cudaMemset(void *memory, int value, size_t bytes) {
  count("", "memset");
  struct node node = {MEMSET, memory, .bytes = bytes, .value = value};
  if (!record(node)) memset(memory, value, bytes);
  return 0;
}
int cudaMemsetAsync(void *memory, int value, size_t bytes) {
  return cudaMemset(memory, value, bytes);
}

/* The card: an H200 as far as anybody asks. */

int cudaGetDeviceCount(int *number) {
  *number = 1;
  return 0;
}
int cudaGetDevice(int *number) {
  *number = 0;
  return 0;
}
int cudaDriverGetVersion(int *version) {
  *version = 13000;
  return 0;
}
int cudaRuntimeGetVersion(int *version) {
  *version = 13000;
  return 0;
}
int cudaDeviceGetAttribute(int *value, int attribute) {
  switch (attribute) {
    case 8: *value = 49152; break;   /* shared memory of a block */
    case 10: *value = 32; break;     /* threads of a warp */
    case 16: *value = 132; break;    /* multiprocessors */
    case 39: *value = 2048; break;   /* threads of a multiprocessor */
    case 75: *value = 9; break;      /* compute capability 9.0 */
    case 76: *value = 0; break;
    case 81: *value = 233472; break; /* shared memory of a multiprocessor */
    case 97: *value = 232448; break; /* shared memory of a block, on demand */
    default: *value = 1024;
  }
  return 0;
}
int cudaGetDeviceProperties(char *properties) {
  /* As in CUDA 13. */
  memset(properties, 0, 1000);
  strcpy(properties, "stand-in for a card");
  *(size_t *)(properties + 288) = 150000000000u; /* memory */
  *(size_t *)(properties + 296) = 49152;         /* shared memory of a block */
  int *at = (int *)(properties + 304);
  at[0] = 65536, at[1] = 32; /* registers, threads of a warp */
  at[4] = 1024;              /* threads of a block, and its sides */
  at[5] = at[6] = 1024, at[7] = 64;
  at[8] = 2147483647, at[9] = at[10] = 65535; /* sides of a grid */
  at[14] = 9, at[15] = 0;                     /* compute capability */
  at[20] = 132;                               /* multiprocessors */
  return 0;
}

/* Streams, events, graphs. */

static int handle(void **made) {
  *made = &kinds;
  return 0;
}
int cudaEventCreate(void **event) { return handle(event); }
int cudaEventCreateWithFlags(void **event) { return handle(event); }
int cudaStreamCreate(void **stream) { return handle(stream); }
int cudaStreamCreateWithFlags(void **stream) { return handle(stream); }
int cudaEventElapsedTime(float *milliseconds) {
  *milliseconds = 1;
  return 0;
}
int cudaStreamIsCapturing(void *stream, int *status) {
  *status = capturing;
  return 0;
}
int cudaStreamSynchronize(void *stream) {
  count("call ", "cudaStreamSynchronize");
  return refused();
}
int cudaDeviceSynchronize(void) {
  count("call ", "cudaDeviceSynchronize");
  return refused();
}
int cudaStreamBeginCapture(void *stream) {
  count("", "graph begun");
  recorded = calloc(1, sizeof *recorded);
  broken = 0;
  capturing = 1;
  return 0;
}
int cudaStreamEndCapture(void *stream, struct graph **graph) {
  capturing = 0;
  *graph = broken ? NULL : recorded;
  return broken ? 901 : 0;
}
int cudaGraphGetNodes(struct graph *graph, struct node **nodes,
                      size_t *number) {
  for (size_t i = 0; nodes && i < graph->count; i++) {
    nodes[i] = &graph->nodes[i];
  }
  *number = graph->count;
  return 0;
}
int cudaGraphNodeGetType(const struct node *node, int *type) {
  *type = node->type;
  return 0;
}
int cudaGraphMemcpyNodeGetParams(const struct node *node, char *params) {
  /* struct cudaMemcpy3DParms */
  memset(params, 0, 160);
  *(const void **)(params + 32) = node->from;
  *(void **)(params + 96) = node->to;
  *(size_t *)(params + 128) = node->bytes;
  *(int *)(params + 152) = node->way;
  return 0;
}
int cudaGraphInstantiate(struct graph **made, struct graph *graph) {
  count("", "graph made");
  *made = graph; /* which is never freed */
  return 0;
}
int cudaGraphInstantiateWithFlags(struct graph **made, struct graph *graph) {
  return cudaGraphInstantiate(made, graph);
}
int cudaGraphDestroy(struct graph *graph) { return 0; }
int cudaGraphExecDestroy(struct graph *graph) { return 0; }
int cudaGraphLaunch(struct graph *graph) {
  count("", "graph launch");
  for (size_t i = 0; i < graph->count; i++) {
    struct node node = graph->nodes[i];
    if (node.type == COPY) memmove(node.to, node.from, node.bytes);
    if (node.type == MEMSET) memset(node.to, node.value, node.bytes);
  }
  return 0;
}
const char *cudaGetErrorName(int error) { return "an error"; }
const char *cudaGetErrorString(int error) { return "an error"; }
int cudaGetDriverEntryPointByVersion(const char *name, void **function,
                                     unsigned version, unsigned long long flags,
                                     int *result) {
  *function = NULL;
  if (result) *result = 1; /* not found */
  return 0;
}

/* cuBLAS and cuDNN. */

int cublasCreate_v2(void **made) { return handle(made); }
int cublasLtCreate(void **made) { return handle(made); }
int cublasGetMathMode(void *blas, int *mode) {
  *mode = 0;
  return 0;
}
int cudnnCreate(void **made) { return handle(made); }
size_t cudnnGetVersion(void) { return 91000; }
const char *cudnnGetErrorString(int error) { return "an error"; }
int cudnnGetReductionIndicesSize(void *dnn, void *reduction, void *from,
                                 void *to, size_t *bytes) {
  *bytes = 1024;
  return 0;
}
int cudnnGetReductionWorkspaceSize(void *dnn, void *reduction, void *from,
                                   void *to, size_t *bytes) {
  *bytes = 1024;
  return 0;
}
