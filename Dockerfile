# The daemon's image. The steps are those of README.md: `make web`, `make wheel`, and the wheel is installed.

FROM python:3.11-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends make \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY Makefile pyproject.toml constraints.txt README.md LICENSE ./
COPY tools tools
COPY web web
COPY dialer dialer
RUN make web
RUN make wheel

FROM python:3.11-slim
# Nobody's shell, and a number of its own, so that volumes keep their owner.
RUN groupadd --system --gid 10001 callwright \
 && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/callwright --create-home --shell /usr/sbin/nologin callwright \
 && chmod 700 /var/lib/callwright
COPY --from=build /build/dist /tmp/dist
COPY constraints.txt /tmp/constraints.txt
RUN pip install --no-cache-dir --disable-pip-version-check -c /tmp/constraints.txt /tmp/dist/*.whl \
 && rm -rf /tmp/dist /tmp/constraints.txt
USER callwright
WORKDIR /var/lib/callwright
ENV PYTHONUNBUFFERED=1 \
    DIALER_STORE_URL=sqlite:////var/lib/callwright/callwright.db \
    DIALER_RECORDINGS_KEPT=/var/lib/callwright/recordings
VOLUME /var/lib/callwright
EXPOSE 8080
# The daemon's own word on whether it can work. Where it speaks HTTPS itself, set READY_URL to https://127.0.0.1:8080/readyz.
ENV READY_URL=http://127.0.0.1:8080/readyz
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, ssl, urllib.request as u; u.urlopen(os.environ['READY_URL'], timeout=4, context=ssl._create_unverified_context())"]
ENTRYPOINT ["dialer"]
CMD ["--config", "/etc/callwright/dialer.toml", "serve"]
