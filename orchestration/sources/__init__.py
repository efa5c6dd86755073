"""Sources: how deliveries come into landing; what is in them is admission's business."""
