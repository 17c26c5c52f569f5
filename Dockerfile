# Forge in a container. `docker compose up -d` builds and starts it: see compose.yaml and docs/install.md.
FROM node:24-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv
WORKDIR /src
COPY . .
RUN make folder && mkdir /empty

FROM debian:bookworm-slim
COPY --from=build /src/dist/forge-folder /opt/forge
# Numbers, not names: nothing needs to be known of who has them. Docker's group is added when it is started.
COPY --from=build --chown=10001:10001 /empty /data
ENV PATH=/opt/forge:/usr/local/bin:/usr/bin:/bin HOME=/data FORGE_DATA=/data FORGE_LOG_FORMAT=json
USER 10001:10001
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["/opt/forge/forge", "status"]
ENTRYPOINT ["/opt/forge/forge"]
CMD ["serve"]
