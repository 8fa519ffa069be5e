# Gatehouse in a container: docs/deploy.md. Only the second stage is shipped: no build tools, no root, bytecode compiled.
ARG PYTHON=docker.io/library/python:3.11-slim-bookworm

FROM ${PYTHON} AS build
# The version that CI has; every package after it comes from uv.lock with its hash. With the packages for PostgreSQL.
RUN pip install --no-cache-dir uv==0.13.9
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never UV_PROJECT_ENVIRONMENT=/opt/gatehouse
WORKDIR /src
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --frozen --no-dev --extra postgres --no-install-project
COPY bot bot
COPY workflows workflows
RUN uv sync --frozen --no-dev --extra postgres --no-editable

FROM ${PYTHON}
# A number, so that Kubernetes can see that it is not root (runAsNonRoot).
RUN useradd --uid 10001 --user-group --home-dir /var/lib/gatehouse --create-home --shell /usr/sbin/nologin gatehouse
# The generation has a volume of its own: it must not be restored together with the database.
RUN install --directory --owner=10001 --group=10001 /var/lib/gatehouse-generation
COPY --from=build /opt/gatehouse /opt/gatehouse
ENV PATH=/opt/gatehouse/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001:10001
# What has to be kept: the database and the key of its audit log.
WORKDIR /var/lib/gatehouse
EXPOSE 3000
# It runs. Whether clicks can be stored is /readyz, which an orchestrator asks.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ.get('GATEHOUSE_HEALTH_PORT', '3001')}/healthz\", timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["gatehouse"]
CMD ["run"]
