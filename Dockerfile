# syntax=docker/dockerfile:1
# The image, for processors (`--target cpu`, the default) and for NVIDIA's cards (`--target cuda`, see docs/cuda.md).
#
#   docker build --tag driftform:0.1.0 .
#   docker build --target cuda --tag driftform:0.1.0-cuda --build-arg CUDA_COMPUTE_CAP=80 .

# As in Cargo.toml's `rust-version`.
ARG RUST=1.95
ARG CUDA=13.0.2
# Nobody: the user of distroless images that are called `nonroot`, and of the chart.
ARG NOBODY=65532

FROM rust:${RUST}-slim-bookworm AS rust

FROM rust AS build
# librdkafka is built with make and g++, and OpenSSL, for Kafka by TLS, with make and perl. The image below has no zlib.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ make perl \
    && rm -rf /var/lib/apt/lists/*
ENV LIBZ_SYS_STATIC=1
WORKDIR /src
COPY . .
RUN --mount=type=cache,id=driftform-registry,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=driftform-cpu,target=/src/target,sharing=locked \
    cargo build --locked --release --bin driftform --features s3 \
    && install -D target/release/driftform /out/driftform \
    && mkdir /out/state

FROM nvidia/cuda:${CUDA}-devel-ubuntu24.04 AS build-cuda
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ make perl \
    && rm -rf /var/lib/apt/lists/*
COPY --from=rust /usr/local/rustup /usr/local/rustup
COPY --from=rust /usr/local/cargo /usr/local/cargo
# The oldest card in use, without its point.
ARG CUDA_COMPUTE_CAP=80
ENV CUDA_COMPUTE_CAP=${CUDA_COMPUTE_CAP} \
    CUDA_HOME=/usr/local/cuda \
    LIBZ_SYS_STATIC=1 \
    RUSTUP_HOME=/usr/local/rustup \
    CARGO_HOME=/usr/local/cargo \
    PATH=/usr/local/cargo/bin:/usr/local/cuda/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
WORKDIR /src
COPY . .
# One kernel by one would take eight minutes: .cargo/config.toml allows one thread.
RUN --mount=type=cache,id=driftform-registry,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=driftform-cuda,target=/src/target,sharing=locked \
    CUDAFORGE_THREADS="$(nproc)" cargo build --locked --release --bin driftform --features cuda,s3 \
    && install -D target/release/driftform /out/driftform \
    && mkdir /out/state

FROM nvidia/cuda:${CUDA}-runtime-ubuntu24.04 AS cuda
ARG NOBODY
LABEL org.opencontainers.image.title="driftform" org.opencontainers.image.licenses="Apache-2.0"
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build-cuda /out/driftform /usr/local/bin/driftform
COPY --from=build-cuda --chown=${NOBODY}:${NOBODY} /out/state /var/lib/driftform
USER ${NOBODY}:${NOBODY}
ENTRYPOINT ["/usr/local/bin/driftform"]
CMD ["--help"]

# glibc, libgcc and the authorities' certificates, and no shell. The last stage is the one that is built without --target.
FROM gcr.io/distroless/cc-debian12:nonroot AS cpu
ARG NOBODY
LABEL org.opencontainers.image.title="driftform" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /out/driftform /usr/local/bin/driftform
# A volume that is made here belongs to who runs.
COPY --from=build --chown=${NOBODY}:${NOBODY} /out/state /var/lib/driftform
USER ${NOBODY}:${NOBODY}
ENTRYPOINT ["/usr/local/bin/driftform"]
CMD ["--help"]
