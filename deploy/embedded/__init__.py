"""Real parts for a bare machine: a MongoDB, a Kafka broker, a catcher of mail, a stub of Sirene."""
