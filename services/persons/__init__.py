"""Export and erase the data of one person: a user, or the author of posts."""
