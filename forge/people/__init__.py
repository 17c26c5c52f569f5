"""Who may: people, how they sign in, and what stands for them."""
