"""People: who they are, how they sign in, and the browsers they are signed in on."""
