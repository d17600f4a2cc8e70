# syntax=docker/dockerfile:1

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /callstream ./cmd/callstream

# Root certificates, time zones and a user without rights; no shell. That is why there is no
# HEALTHCHECK: ask /readyz from outside.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /callstream /callstream
# nonroot, by number so that a host can tell it is not root.
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/callstream"]
CMD ["run"]
