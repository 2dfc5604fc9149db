"""The transactional outbox on real databases: servers, a shop that writes, chaos and benchmark."""
