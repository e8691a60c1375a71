using AiCoder.Core.Api;
using AiCoder.Core.Tasks;
using AiCoder.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AiCoder.Server.Http;

/// <summary>Makes a problem of everything that ends without an answer: unknown routes and methods, broken bodies, mistakes of ours.</summary>
internal sealed class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client went away; there is nobody to answer.
            return;
        }
        catch (BadHttpRequestException exception) when (!context.Response.HasStarted)
        {
            await AnswerAsync(context, Of(exception.StatusCode, context.Request));
            return;
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            logger.LogError(exception, "{Method} {Path} failed", context.Request.Method, context.Request.Path);
            await AnswerAsync(context, ApiAnswer.Problem(500, "The service failed", "That is a mistake of the service's; its log says more."));
            return;
        }

        // Routing sets a status (404, 405 with Allow) and no body.
        if (!context.Response.HasStarted && context.Response is { StatusCode: >= 400, ContentType: null })
            await AnswerAsync(context, Of(context.Response.StatusCode, context.Request));
    }

    public static ApiAnswer Of(int status, HttpRequest request) => status switch
    {
        404 => ApiAnswer.Problem(404, "There is no such path", $"There is no {request.Path}; /openapi/v1.json describes what there is."),
        405 => ApiAnswer.Problem(405, "The path does not take this method", $"{request.Path} does not take {request.Method}; the header Allow says what it takes."),
        408 => ApiAnswer.Problem(408, "The request came too slowly", "The request's body did not come in time; send it again."),
        413 => TaskApi.TooLarge,
        415 => TaskApi.NotJson,
        _ => ApiAnswer.Problem(status, "The request can't be read", "The request is not valid HTTP, or broke off."),
    };

    private static Task AnswerAsync(HttpContext context, ApiAnswer answer) => new ApiResult(answer).ExecuteAsync(context);
}
