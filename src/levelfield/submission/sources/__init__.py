"""Where a submission tree can be read from: a folder, an archive, a git repository; never unpacked."""
