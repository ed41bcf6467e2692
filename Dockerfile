# Build: docker build -t anteroom .
# Run:   docker run --read-only --tmpfs /tmp -v anteroom:/data -p 127.0.0.1:8000:8000 \
#          -e ANTEROOM_PUBLIC_URL=https://… anteroom    (behind a proxy that speaks TLS)
FROM python:3.11-slim-bookworm
ARG TORCH_VERSION=2.13.0
ARG TORCH_INDEX=https://pypi.org/simple
# Debian's security updates are wanted at every build, so the libraries carry no version here.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      fonts-noto-core libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0 tini \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin anteroom \
 && install -d -o anteroom -g anteroom -m 0700 /data
WORKDIR /srv/anteroom
COPY pyproject.toml constraints.txt ./
RUN pip install --no-cache-dir --index-url "$TORCH_INDEX" "torch==${TORCH_VERSION}" \
 && python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; print(*p['dependencies'], sep='\n')" \
      > /tmp/wanted.txt \
 && pip install --no-cache-dir -c constraints.txt -r /tmp/wanted.txt \
 && rm /tmp/wanted.txt
COPY app app
COPY model model
COPY training training
COPY templates templates
COPY static static
COPY tests/guardrail/cases tests/guardrail/cases
COPY README.md CHANGELOG.md LICENSE ./
ENV ANTEROOM_DATA_DIR=/data \
    ANTEROOM_HOST=0.0.0.0 \
    HF_HUB_OFFLINE=1 \
    HF_HUB_DISABLE_TELEMETRY=1 \
    DO_NOT_TRACK=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["tini", "--"]
CMD ["python", "-m", "app", "serve"]
