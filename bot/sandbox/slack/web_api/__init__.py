"""The addresses that the app calls: Slack's Web API methods and the `response_url`s."""
