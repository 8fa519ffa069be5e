"""What a person does in a Slack client: commands, shortcuts, clicks, and modals filled in and submitted."""
