"""The router against the clients that people use, in an environment of their own (`make test-clients`)."""
