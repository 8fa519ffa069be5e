"""What a person does in a Slack client: commands, shortcuts, clicks; filling in and submitting modals."""
