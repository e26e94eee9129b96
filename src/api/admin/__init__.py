"""/api/admin: for administrators. What is looked at is bounded; what is done is written down first."""
