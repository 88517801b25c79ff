"""Named state for a person ("unread_message_count" is 3), which open pages follow."""
