"""Back up a database to one file, and restore the file.

The file is an archive of pg_dump, followed by a ZIP directory with a manifest. pg_restore reads the file without
Leadgraph, and `unzip -p FILE manifest.json` prints the manifest. The manifest holds the number of rows and a checksum of each table, read
in the snapshot of the dump.
"""
