# The bot, without the libraries of the practice world. Build: docker build -t understudy .
# Run: docker run -v ./settings:/settings:ro -v ledger:/ledger --env-file secrets.env understudy
FROM python:3.13-slim AS build
WORKDIR /build
COPY requirements/run.txt requirements/
RUN python -m venv /opt/understudy \
 && /opt/understudy/bin/pip install --no-cache-dir --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md ./
COPY bot bot
COPY commands commands
COPY alerts alerts
COPY servers servers
COPY ledger ledger
COPY lab lab
RUN /opt/understudy/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
# A fixed id, so that a mounted ledger can be given to it.
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin understudy \
 && install -d -o understudy -g understudy /ledger
COPY --from=build /opt/understudy /opt/understudy
USER understudy
WORKDIR /settings
ENV PATH=/opt/understudy/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    UNDERSTUDY_SETTINGS=/settings/understudy.toml \
    UNDERSTUDY_LEDGER__PATH=/ledger/understudy.sqlite3 \
    UNDERSTUDY_HTTP__HOST=0.0.0.0 \
    UNDERSTUDY_LOG__FORMAT=json
VOLUME /ledger
EXPOSE 8377
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8377/healthz', timeout=2)"]
ENTRYPOINT ["understudy"]
CMD ["run"]
