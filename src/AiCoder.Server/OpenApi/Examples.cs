using System.Text.Json.Nodes;

namespace AiCoder.Server.OpenApi;

/// <summary>Bodies for a reader to copy.</summary>
internal static class Examples
{
    public static JsonNode Request => Parse(
        """
        {
          "task_id": "discount-100",
          "repo_url": "https://gitlab.com/shop/prices.git",
          "intent": "The discount should begin at exactly 100. Make the failing test pass.",
          "pull_request": { "draft": true, "labels": ["ai"] },
          "validation": { "commands": ["python3 -m unittest"], "timeout_seconds": 300 },
          "limits": { "max_tokens": 500000, "max_minutes": 30 },
          "approval": "changes",
          "webhook_url": "https://ci.example.com/hooks/aicoder",
          "metadata": { "ticket": "SHOP-17" }
        }
        """);

    public static JsonNode Running => Parse(
        """
        {
          "task_id": "discount-100",
          "status": "pending",
          "changes": [],
          "usage": { "turns": 0, "input_tokens": 0, "cached_input_tokens": 0, "output_tokens": 0, "total_tokens": 0, "estimated": false },
          "iterations": 0,
          "timings": {},
          "undelivered_events": [],
          "notes": [],
          "progress": 0,
          "repo_url": "https://gitlab.com/shop/prices.git",
          "intent": "The discount should begin at exactly 100. Make the failing test pass.",
          "work_branch": "ai/discount-100",
          "created_at": "2026-01-02T03:04:05+00:00",
          "updated_at": "2026-01-02T03:04:05+00:00"
        }
        """);

    public static JsonNode Completed => Parse(
        """
        {
          "task_id": "discount-100",
          "status": "completed",
          "branch": "ai/discount-100",
          "commit_hash": "9f2c1d7e5b8a4c3f6e0d1a2b3c4d5e6f7a8b9c0d",
          "changes": ["modified: prices.py"],
          "plan": { "summary": "The boundary leaves out 100 itself.", "files": ["prices.py"], "changes": ["prices.py: compare with >="], "tests": ["python3 -m unittest"] },
          "summary": "The discount now begins at exactly 100.",
          "test_results": { "verdict": "passed", "commands": [{ "command": "python3 -m unittest", "directory": ".", "purpose": "test", "exit_code": 0, "duration_seconds": 0.4, "verdict": "passed", "pre_existing": false, "failed_tests": [], "output": "OK" }] },
          "push_result": { "pushed": true, "remote": "https://gitlab.com/shop/prices.git", "branch": "ai/discount-100", "commit": "9f2c1d7e5b8a4c3f6e0d1a2b3c4d5e6f7a8b9c0d" },
          "usage": { "turns": 5, "input_tokens": 9000, "cached_input_tokens": 4000, "output_tokens": 700, "total_tokens": 9700, "estimated": false },
          "iterations": 1,
          "timings": { "cloning": 0.9, "analyzing": 3.1, "coding": 12.4, "testing": 0.6, "committing": 1.2, "total": 18.4 },
          "undelivered_events": [],
          "notes": [],
          "progress": 100,
          "repo_url": "https://gitlab.com/shop/prices.git",
          "intent": "The discount should begin at exactly 100. Make the failing test pass.",
          "work_branch": "ai/discount-100",
          "created_at": "2026-01-02T03:04:05+00:00",
          "updated_at": "2026-01-02T03:04:24+00:00",
          "ended_at": "2026-01-02T03:04:24+00:00"
        }
        """);

    public static JsonNode Events => Parse(
        """
        {
          "events": [
            { "task_id": "discount-100", "status": "started", "timestamp": "2026-01-02T03:04:05Z", "data": { "progress": 0, "sequence": 1 } },
            { "task_id": "discount-100", "status": "cloning", "timestamp": "2026-01-02T03:04:05Z", "data": { "repo": "https://gitlab.com/shop/prices.git", "progress": 5, "sequence": 2 } }
          ]
        }
        """);

    private static JsonNode Parse(string json) => JsonNode.Parse(json)!;
}
