"""What ssd and maskrcnn share: COCO's pictures, the order of an epoch, loading ahead, and reading of changed settings."""
