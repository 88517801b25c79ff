"""Web push itself: messages, keys, encryption, signatures, answers. No Flask, no database, no settings."""
