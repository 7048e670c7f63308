# The build stage has the tools; only what it installed goes on. Each RUN step is a make target that `make test-image` runs.
FROM python:3.13 AS build
WORKDIR /src
COPY . .
RUN make image-venv IMAGE_VENV=/opt/audio-router

FROM python:3.13-slim
COPY --from=build /opt/audio-router /opt/audio-router
# What runs in the background is kept here: mount a volume for it to outlive the container.
COPY --from=build --chown=65532:65532 /opt/audio-router/state /var/lib/audio-router
ENV PATH=/opt/audio-router/bin:$PATH PYTHONUNBUFFERED=1 XDG_STATE_HOME=/var/lib
WORKDIR /srv
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/health/live', timeout=2)"]
# Mount a table of your own as /srv/routes.yaml; without one the shipped table serves. AUDIO_ROUTER_KEY is the one key.
CMD ["audio-router", "serve", "--host", "0.0.0.0"]
