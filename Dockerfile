# Firebreak in a container: the source as it is (Node runs TypeScript itself), production dependencies, nothing else.
# It writes to /data only, so the root file system can be read-only. SIGTERM drains and ends with code 0.
#
# Programs that rollback steps start are not in it. Steps of the provider `helm` need helm 3 or 4, steps of the provider `command`
# their own programs, and both a /tmp that can be written to. Put them into an image of your own (docs/rollback.md):
#   FROM firebreak
#   COPY --from=alpine/helm:4.1.4 /usr/bin/helm /usr/local/bin/helm

FROM node:24-slim AS build
WORKDIR /app
# The dependencies first: they change less often than the source.
COPY package.json package-lock.json .npmrc ./
# Compiles nothing: what is native comes as binaries for the platform. The devDependency `node` stays out, because this
# image has Node 24 already.
RUN npm ci --omit=dev --no-audit --no-fund
COPY src src
COPY rules rules
COPY config config
# A checkout made under umask 077 would otherwise be closed to the account below.
RUN chmod -R a+rX .

FROM node:24-slim
ENV NODE_ENV=production \
    FIREBREAK_HTTP_HOST=0.0.0.0 \
    FIREBREAK_HTTP_PORT=8080 \
    FIREBREAK_DATABASE_URL=embedded:/data/postgres
# The account is `node` of the base image: PostgreSQL's initdb wants one that has a name. By number, because only of a
# number can Kubernetes tell that it is not root.
RUN install -d -o 1000 -g 1000 -m 0700 /data
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/package.json package.json
COPY --from=build /app/config config
COPY --from=build /app/rules rules
COPY --from=build /app/src src
USER 1000:1000
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.FIREBREAK_HTTP_PORT + '/healthz', { signal: AbortSignal.timeout(4000) }).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# No shell between: signals reach Node.
ENTRYPOINT ["node", "/app/src/main.ts"]
CMD ["serve"]
