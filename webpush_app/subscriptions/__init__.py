"""The browsers that agreed to be pushed to: the JSON API, and the key they were made with."""
