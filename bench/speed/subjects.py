"""Who is measured, and how each is started in front of the vendor."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

__all__ = ["BARE", "OURS", "Place", "Subject", "subjects"]

BARE, OURS = "bare pass-through", "audio-router"
ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

ROUTES = """\
server: {{max_calls: 4000}}
tasks: {{folder: "{folder}/tasks"}}
keys:
  bench: {{key: sk-bench}}
vendors:
  bench: {{like: openai, base_url: "http://127.0.0.1:{vendor_port}/v1", api_key: sk-vendor}}
  spare: {{like: openai, base_url: "http://127.0.0.1:9/v1", api_key: sk-vendor}}
routes:
  tts-1:
    targets:
      - {{target: bench/tts-1, price: {{per_1m_characters: 15}}}}
      - {{target: spare/tts-1, price: {{per_1m_characters: 10}}}}
      - {{target: spare/tts-2, price: {{per_1m_characters: 30}}}}
  whisper-1: {{targets: [bench/whisper-1, spare/whisper-1, spare/whisper-2]}}
"""
NGINX = """\
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.err crit; worker_rlimit_nofile 20000;
events {{ worker_connections 16384; }}
http {{
  access_log off; client_max_body_size 0; keepalive_requests 1000000000; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream vendor {{ server 127.0.0.1:{vendor_port}; keepalive 4096; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://vendor; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_request_buffering off; proxy_buffer_size 64k; proxy_buffers 8 64k;
    }}
  }}
}}
"""
LITELLM = """\
model_list:
  - model_name: tts-1
    litellm_params: {{model: openai/tts-1, api_base: "http://127.0.0.1:{vendor_port}/v1", api_key: sk-vendor}}
  - model_name: whisper-1
    litellm_params: {{model: openai/whisper-1, api_base: "http://127.0.0.1:{vendor_port}/v1", api_key: sk-vendor}}
"""


class Place(Struct, frozen=True):
    """Where a subject runs: its port, its vendor's, and a folder of its own with its `settings` in a file."""

    port: int
    vendor_port: int
    folder: Path

    @property
    def settings(self) -> str:
        return str(self.folder / "settings.yaml")


class Subject(Struct, frozen=True):
    """A server to measure: its command, its settings (a template), and what its environment has besides."""

    name: str
    command: Callable[[Place], Sequence[str]]
    settings: str = ""
    environment: Callable[[Place], Mapping[str, str]] = lambda _place: {}


def subjects() -> Sequence[Subject]:
    """Those that are installed here; LiteLLM where `LITELLM` names its command (it needs an environment of its own)."""
    found = [
        Subject(
            BARE,
            lambda place: [
                *(str(BIN / "uvicorn"), "bench.speed.passthrough:app", "--port", str(place.port)),
                *("--no-access-log", "--log-level", "warning", "--backlog", "4096"),
            ],
            environment=lambda place: {"VENDOR": f"http://127.0.0.1:{place.vendor_port}"},
        ),
        Subject(
            OURS,
            lambda place: [str(BIN / "audio-router"), "serve", "--config", place.settings, "--port", str(place.port)],
            ROUTES,
        ),
    ]
    if nginx := shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        found.append(Subject("nginx", lambda place: [nginx, "-p", str(place.folder), "-c", place.settings], NGINX))
    if litellm := os.environ.get("LITELLM"):
        found.append(
            Subject(
                "LiteLLM",
                lambda place: [litellm, "--config", place.settings, "--host", "127.0.0.1", "--port", str(place.port)],
                LITELLM,
                lambda _place: {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"},
            )
        )
    return found
