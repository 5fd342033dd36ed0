"""Apache Kafka on this machine, without Docker: its jars by Maven, its brokers as our children."""
