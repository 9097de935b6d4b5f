"""The pages: each module makes the content of one kind; the frame is put around it elsewhere."""
