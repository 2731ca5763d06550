"""Writes events.json: records of TensorBoard's event files, as its package writes
them.

    pip install tensorboard
    python tests/golden/formats/make_events.py

Made with tensorboard 2.21.0 and protobuf 7.36.2.
"""

import base64
import io
import json
import pathlib

from google.protobuf import struct_pb2
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
from tensorboard.summary.writer.record_writer import RecordWriter


class Kept(io.BytesIO):
    def close(self):
        pass


def record(event):
    file = Kept()
    RecordWriter(file).write(event.SerializeToString(deterministic=True))
    return base64.b64encode(file.getvalue()).decode()


def hparams(tag, data):
    return summary_pb2.Summary(
        value=[
            summary_pb2.Summary.Value(
                tag=tag,
                metadata=metadata.create_summary_metadata(data),
                tensor=metadata.NULL_TENSOR,
            )
        ]
    )


# One key: of maps the package has an order of its own.
def start(key, value):
    info = plugin_data_pb2.SessionStartInfo(
        start_time_secs=1.5e9, group_name="a group"
    )
    info.hparams[key].CopyFrom(struct_pb2.Value(**value))
    return plugin_data_pb2.HParamsPluginData(session_start_info=info)


end = plugin_data_pb2.HParamsPluginData(
    session_end_info=plugin_data_pb2.SessionEndInfo(
        status=api_pb2.STATUS_FAILURE, end_time_secs=1.5e9 + 0.25
    )
)
Event, Session = event_pb2.Event, event_pb2.SessionLog
scalars = summary_pb2.Summary(
    value=[
        summary_pb2.Summary.Value(tag="loss/train", simple_value=0.1),
        summary_pb2.Summary.Value(tag="α", simple_value=-1e-30),
        summary_pb2.Summary.Value(tag="zero", simple_value=0.0),
    ]
)
golden = {
    "version": record(
        Event(
            wall_time=1.5e9,
            file_version="brain.Event:2",
            source_metadata=event_pb2.SourceMetadata(writer="groklab"),
        )
    ),
    "start": record(
        Event(wall_time=1.5e9, step=7, session_log=Session(status=Session.START))
    ),
    "scalars": record(Event(wall_time=1.5e9 + 0.125, step=2**40, summary=scalars)),
    "text": record(
        Event(
            wall_time=1.5e9,
            summary=hparams(
                metadata.SESSION_START_INFO_TAG,
                start("loss", {"string_value": "softmax"}),
            ),
        )
    ),
    "number": record(
        Event(
            wall_time=1.5e9,
            summary=hparams(
                metadata.SESSION_START_INFO_TAG, start("lr", {"number_value": 0.01})
            ),
        )
    ),
    "flag": record(
        Event(
            wall_time=1.5e9,
            summary=hparams(
                metadata.SESSION_START_INFO_TAG,
                start("perpGrad", {"bool_value": False}),
            ),
        )
    ),
    "end": record(
        Event(wall_time=1.5e9, summary=hparams(metadata.SESSION_END_INFO_TAG, end))
    ),
}
path = pathlib.Path(__file__).parent / "events.json"
path.write_text(json.dumps(golden, indent=1) + "\n")
