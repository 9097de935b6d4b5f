"""What ssd and maskrcnn share: COCO's pictures, the order of an epoch, weights to start from, changed settings."""
