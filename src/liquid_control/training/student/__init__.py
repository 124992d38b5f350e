"""Recurrent students: imitation of a teacher, then fine-tuning with PPO."""
