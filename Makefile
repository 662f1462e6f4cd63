.PHONY: dev serve

# LangGraph's development server: starts anew when a file changes, and LangGraph Studio may call it.
dev:
	LANGGRAPH_CLI_NO_ANALYTICS=1 LANGGRAPH_NO_VERSION_CHECK=true \
	OVERPAINT_CORS_ORIGINS=https://smith.langchain.com \
	uv run langgraph dev --no-browser --n-jobs-per-worker 4

serve:
	uv run overpaint serve
