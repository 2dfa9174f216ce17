# The shop in a container: `docker build -t berrypod .`; docs/deploy.md says how it is run.
#
# Every package is the one whose hash is in requirements*.lock.txt (`.ci/lock` makes these anew). The base image is named
# by its tag, which takes the distribution's security fixes with each build; whoever wants that one fixed as well gives
# its digest: --build-arg PYTHON_IMAGE=python:3.11-slim-bookworm@sha256:...
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
# Before the source is there: as long as no version changes, a build begins after this.
COPY requirements.lock.txt requirements-build.lock.txt ./
RUN python3 -m venv tools \
    && tools/bin/pip install --require-hashes --only-binary :all: -r requirements-build.lock.txt \
    && python3 -m venv --without-pip /opt/berrypod \
    && tools/bin/pip --python /opt/berrypod/bin/python3 install \
        --require-hashes --only-binary :all: -r requirements.lock.txt
COPY . source
RUN tools/bin/pip wheel --no-index --no-deps --no-build-isolation --wheel-dir wheels ./source ./source/plugins/*/ \
    && tools/bin/pip --python /opt/berrypod/bin/python3 install --no-index --no-deps wheels/*.whl

FROM ${PYTHON_IMAGE}
# The number is what counts for who owns the files of a volume, on each machine that it comes to.
RUN groupadd --gid 10001 berrypod \
    && useradd --uid 10001 --gid berrypod --home-dir /data --no-create-home --shell /usr/sbin/nologin berrypod \
    && install -d -o berrypod -g berrypod -m 700 /data
COPY --from=build /opt/berrypod /opt/berrypod
# No secret has a default here, or a place in a layer: they are given when the container is started.
ENV PATH=/opt/berrypod/bin:$PATH \
    BERRYPOD_ENV=prod \
    DATABASE_PATH=/data/berrypod.db
WORKDIR /data
VOLUME /data
# As a number, for those who check that it is not 0 before they start it.
USER 10001:10001
EXPOSE 8000
# 503 while the shop cannot sell; in maintenance and with a backup that is late it is healthy.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python3", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/health', timeout=4)"]
# Without a shell in between: the stop goes to the server, which ends what is under way (half a minute at the most),
# folds its log into the file, and closes it. So give it longer than the 10 s that docker waits by itself.
STOPSIGNAL SIGTERM
ENTRYPOINT ["berrypod"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000", "--create", "--upgrade"]
