"""The study of synthetic series: systems with exact solutions, and free-running prediction."""
