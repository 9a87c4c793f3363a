"""What our small web servers share: how they listen, and what they let through."""
