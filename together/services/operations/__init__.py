"""What whoever runs an installation is told about it: numbers, and whether it is ready."""
