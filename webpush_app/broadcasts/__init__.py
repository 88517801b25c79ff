"""What an admin sends to many at once: audiences, the rows it becomes, and how far it is."""
