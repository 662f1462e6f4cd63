"""What the agent can do: LangChain tools over painters and chat models. Imports nothing of the rest of overpaint."""
