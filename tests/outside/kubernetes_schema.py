"""Holds manifests to the published schemas of Kubernetes, with no cluster.

    pip install kubernetes-validate
    deno task -q sweep submit DIR --on kubernetes --image IMAGE --claim CLAIM \
      --dry-run > job.yaml
    python tests/outside/kubernetes_schema.py job.yaml

Each file is read as YAML and held to the schema of the API, unknown keys
refused, of every version that the package has from 1.29 on, the first with all
that the manifest uses. Then mistakes are made in it, each of which the schema
must find, or the check would say nothing. Exits with 1 where anything is wrong.
"""

import copy
import pathlib
import re
import sys

import kubernetes_validate
import yaml

OLDEST = (1, 29)


def versions():
    schemas = pathlib.Path(kubernetes_validate.__file__).parent.glob("*/v*-strict")
    found = {
        tuple(int(n) for n in re.match(r"v(\d+)\.(\d+)", path.name).groups())
        for path in schemas
    }
    return sorted(version for version in found if version >= OLDEST)


def problem(manifest, version):
    try:
        kubernetes_validate.validate(manifest, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{list(error.path)}: {error.message}"
    return None


def mistakes(manifest):
    for key, value in [
        ("completions", "four"),
        ("backoffLimitPerIndx", 1),
        ("podFailurePolicy", {}),
        ("template", {"spec": {"containers": [{"image": "no name"}]}}),
    ]:
        wrong = copy.deepcopy(manifest)
        wrong["spec"][key] = value
        yield key, wrong


found = versions()
if not found:
    sys.exit("the package has no schema of a version that is new enough")
bad = 0
for name in sys.argv[1:]:
    manifest = yaml.safe_load(pathlib.Path(name).read_text())
    for numbers in found:
        version = ".".join(map(str, numbers))
        wrong = problem(manifest, version)
        unseen = [key for key, bent in mistakes(manifest) if not problem(bent, version)]
        bad += bool(wrong) + len(unseen)
        print(f"{name}: {version}: {wrong or 'valid'}; mistakes not found: {unseen}")
sys.exit(1 if bad or not sys.argv[1:] else 0)
