"""audio-router: an OpenAI-compatible router for audio. `docs/ARCHITECTURE.md` is the map."""
