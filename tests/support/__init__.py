"""What tests need to start and drive the real thing."""
