"""Where people use it: the app that a LangGraph server mounts, and what it offers beside the graph."""
