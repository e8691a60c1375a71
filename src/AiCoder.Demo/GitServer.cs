using System.Diagnostics;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace AiCoder.Demo;

/// <summary>
/// A git server over smart HTTP on a loopback port: every bare repository under a folder, through <c>git http-backend</c>. Hooks
/// of the served repositories run. Keeps every request for whoever wants to look.
/// </summary>
public sealed class GitServer : IAsyncDisposable
{
    private const int HeaderLimit = 64 * 1024;

    private readonly string _root;
    private readonly GitServerOptions _options;
    private readonly Lock _gate = new();
    private readonly List<GitServerRequest> _requests = [];
    private readonly CancellationTokenSource _stopping = new();
    private WebApplication? _app;

    private GitServer(string root, GitServerOptions options) => (_root, _options) = (root, options);

    /// <summary><c>http://127.0.0.1:port/</c>.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1/");

    /// <summary>Every request so far, in the order of arrival.</summary>
    public IReadOnlyList<GitServerRequest> Requests
    {
        get
        {
            lock (_gate)
                return [.. _requests];
        }
    }

    /// <summary>The address of a repository, named by its path under the served folder.</summary>
    public string UrlOf(string repository) => new Uri(Address, repository).AbsoluteUri;

    /// <summary>Listens on a free port of 127.0.0.1.</summary>
    public static async Task<GitServer> StartAsync(
        string root,
        GitServerOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        var server = new GitServer(Path.GetFullPath(root), options ?? new());
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore();
        if (server._options.Certificate is not null)
            builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                if (server._options.Certificate is { } certificate)
                    listen.UseHttps(certificate);
            });
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.AddServerHeader = false;
        });
        server._app = builder.Build();
        server._app.Run(server.HandleAsync);
        await server._app.StartAsync(cancellationToken).ConfigureAwait(false);
        server.Address = new Uri(server._app.Urls.First().TrimEnd('/') + "/");
        return server;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        if (_app is not null)
            await _app.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
        try
        {
            var http = context.Request;
            var request = new GitServerRequest(
                http.Method, http.Path.Value ?? "", http.QueryString.Value ?? "", http.Headers.Authorization);
            lock (_gate)
                _requests.Add(request);
            if (_options.Intercept is { } intercept && await intercept(request, ended.Token).ConfigureAwait(false) is { } answer)
                await AnswerAsync(context, answer, ended.Token).ConfigureAwait(false);
            else if (Login(request) is not { } user)
                await AnswerAsync(context, Unauthorized, ended.Token).ConfigureAwait(false);
            else
                await RunBackendAsync(context, user, ended.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException && ended.IsCancellationRequested)
        {
            // The client went away or the server is being stopped: there is nobody left to answer.
            context.Abort();
        }
    }

    private static GitServerAnswer Unauthorized => new(401)
    {
        Headers = new Dictionary<string, string> { ["WWW-Authenticate"] = "Basic realm=\"git\"" },
        Body = "HTTP Basic: Access denied",
    };

    /// <summary>The user's name, or null where the login is refused.</summary>
    private string? Login(GitServerRequest request)
    {
        if (_options.Authorize is not { } authorize)
            return "anonymous";
        return request.BasicLogin is var (user, password) && authorize(user, password) ? user : null;
    }

    private static async Task AnswerAsync(HttpContext context, GitServerAnswer answer, CancellationToken stop)
    {
        context.Response.StatusCode = answer.Status;
        foreach (var (name, value) in answer.Headers)
            context.Response.Headers[name] = value;
        await context.Response.WriteAsync(answer.Body, stop).ConfigureAwait(false);
    }

    private async Task RunBackendAsync(HttpContext context, string user, CancellationToken stop)
    {
        using var backend = Process.Start(BackendFor(context.Request, user))
            ?? throw new InvalidOperationException("git did not start.");
        try
        {
            var errors = backend.StandardError.ReadToEndAsync(stop);
            var sending = SendAsync(context.Request.Body, backend.StandardInput.BaseStream, stop);
            var output = backend.StandardOutput.BaseStream;
            ApplyHeaders(context.Response, await ReadHeadersAsync(output, stop).ConfigureAwait(false));
            await output.CopyToAsync(context.Response.Body, stop).ConfigureAwait(false);
            await sending.ConfigureAwait(false);
            await errors.ConfigureAwait(false);
            await backend.WaitForExitAsync(stop).ConfigureAwait(false);
        }
        finally
        {
            if (!backend.HasExited)
                backend.Kill(entireProcessTree: true);
        }
    }

    private ProcessStartInfo BackendFor(HttpRequest request, string user)
    {
        var start = new ProcessStartInfo("git", ["http-backend"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        var path = start.Environment.TryGetValue("PATH", out var value) ? value : null;
        start.Environment.Clear();
        start.Environment["PATH"] = path;
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        start.Environment["GIT_PROJECT_ROOT"] = _root;
        start.Environment["GIT_HTTP_EXPORT_ALL"] = "1";
        start.Environment["PATH_INFO"] = request.Path.Value;
        start.Environment["QUERY_STRING"] = request.QueryString.Value?.TrimStart('?');
        start.Environment["REQUEST_METHOD"] = request.Method;
        start.Environment["CONTENT_TYPE"] = request.ContentType;
        start.Environment["REMOTE_ADDR"] = "127.0.0.1";
        // http-backend lets a user who has logged in push, and nobody else.
        start.Environment["REMOTE_USER"] = user;
        if (request.ContentLength is { } length)
            start.Environment["CONTENT_LENGTH"] = length.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (request.Headers.TryGetValue("Content-Encoding", out var encoding))
            start.Environment["HTTP_CONTENT_ENCODING"] = encoding;
        if (request.Headers.TryGetValue("Git-Protocol", out var protocol))
            start.Environment["GIT_PROTOCOL"] = protocol;
        return start;
    }

    private static async Task SendAsync(Stream body, Stream input, CancellationToken stop)
    {
        try
        {
            await body.CopyToAsync(input, stop).ConfigureAwait(false);
        }
        catch (IOException) when (!stop.IsCancellationRequested)
        {
            // The backend ended before it read everything; its answer says why.
        }
        finally
        {
            input.Close();
        }
    }

    private static async Task<List<string>> ReadHeadersAsync(Stream output, CancellationToken stop)
    {
        var lines = new List<string>();
        var line = new List<byte>();
        var one = new byte[1];
        for (var read = 0; read < HeaderLimit && await output.ReadAsync(one, stop).ConfigureAwait(false) == 1; read++)
        {
            if (one[0] != '\n')
            {
                line.Add(one[0]);
                continue;
            }
            var text = Encoding.ASCII.GetString([.. line]).TrimEnd('\r');
            if (text.Length == 0)
                return lines;
            lines.Add(text);
            line.Clear();
        }
        return ["Status: 500 Internal Server Error"];
    }

    private static void ApplyHeaders(HttpResponse response, List<string> lines)
    {
        foreach (var line in lines)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
                continue;
            var (name, value) = (line[..colon], line[(colon + 1)..].Trim());
            if (name.Equals("Status", StringComparison.OrdinalIgnoreCase))
                response.StatusCode = int.Parse(value.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
            else
                response.Headers[name] = value;
        }
    }
}
