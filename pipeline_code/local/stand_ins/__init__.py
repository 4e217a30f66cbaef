"""What stands on one machine for images of SageMaker: the same files in, the same files out."""
