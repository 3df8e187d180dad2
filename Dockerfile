# The service, the flows and the commands in one image: docker compose up, or
#   docker build -t music-kg . && docker run -p 127.0.0.1:8000:8000 -v music-kg-data:/app/data/processed music-kg
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 OMP_NUM_THREADS=1
WORKDIR /app

# What changes seldom comes first, so that a change of the code installs nothing anew.
COPY pyproject.toml setup.py constraints.txt README.md LICENSE MANIFEST.in ./
COPY safe_io safe_io
COPY kg_builder kg_builder
COPY recommender recommender
COPY pipeline pipeline
COPY flows flows
COPY service service
COPY data/raw/sample data/raw/sample
RUN pip install --constraint constraints.txt --editable '.[flows,service]' \
 && useradd --create-home --uid 10001 music \
 && mkdir -p data/processed \
 && chown -R music data

USER music
EXPOSE 8000
VOLUME ["/app/data/processed"]
HEALTHCHECK --interval=30s --timeout=5s --start-period=5m \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
# Listens at all addresses of the container; which of the host's lead there is for `-p` to say.
CMD ["python", "-m", "service", "--demo", "--no-open", "--host", "0.0.0.0", "--port", "8000"]
