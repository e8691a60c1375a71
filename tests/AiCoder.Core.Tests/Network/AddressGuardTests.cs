using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Network;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Network;

public sealed class AddressGuardTests
{
    private static readonly AiCoderOptions Service = new() { WorkspaceDir = "/w", StateDir = "/w/.state" };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("10.1.2.3")]
    [InlineData("100.64.0.1")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("169.254.1.1")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.0.0.8")]
    [InlineData("192.0.2.1")]
    [InlineData("192.88.99.1")]
    [InlineData("192.168.1.1")]
    [InlineData("198.19.255.255")]
    [InlineData("198.51.100.1")]
    [InlineData("203.0.113.1")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("::ffff:7f00:1")]
    [InlineData("::127.0.0.1")]
    [InlineData("64:ff9b::8.8.8.8")]
    [InlineData("64:ff9b:1::1")]
    [InlineData("100::1")]
    [InlineData("2001::1")]
    [InlineData("2001:2::1")]
    [InlineData("2001:db8::1")]
    [InlineData("2002:808:808::1")]
    [InlineData("3fff::1")]
    [InlineData("2606:4700::5efe:a00:1")]
    [InlineData("fc00::1")]
    [InlineData("fd12:3456::1")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%lo")]
    [InlineData("fe80::1%1")]
    [InlineData("2606:4700:4700::1111%1")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    [InlineData("[::1]")]
    [InlineData("localhost")]
    [InlineData("localhost.")]
    public async Task A_caller_may_not_name_an_address_that_is_not_public(string host)
    {
        var failure = await FailureOf(new AddressGuard(Service), host, AddressTrust.Caller);
        Assert.Equal(FailureCodes.AddressNotAllowed, failure.Code);
        Assert.False(failure.Retryable);
    }

    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("172.32.0.1")]
    [InlineData("100.128.0.1")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("[2606:4700:4700::1111]")]
    public async Task A_caller_may_name_a_public_address(string host) =>
        Assert.Single(await new AddressGuard(Service).ResolveAsync(host, AddressTrust.Caller, Stop));

    [Theory]
    [InlineData("2130706433")]
    [InlineData("0x7f000001")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("0177.0.0.1")]
    [InlineData("017700000001")]
    [InlineData("127.1")]
    [InlineData("127.0.1")]
    [InlineData("8.8.2056")]
    [InlineData("0x08.8.8.8")]
    [InlineData("1.2.3.4.5")]
    [InlineData("999.1.1.1")]
    public async Task A_numeric_address_in_an_unusual_form_is_refused_for_everybody(string host)
    {
        foreach (var trust in new[] { AddressTrust.Caller, AddressTrust.Operator })
            Assert.Equal(FailureCodes.AddressNotAllowed, (await FailureOf(new AddressGuard(Service), host, trust)).Code);
    }

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("64:ff9b::169.254.169.254")]
    [InlineData("2002:a9fe:a9fe::1")]
    [InlineData("168.63.129.16")]
    [InlineData("100.100.100.200")]
    [InlineData("169.254.170.2")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fd00:ec2:0:0::254")]
    [InlineData("fe80::a9fe:a9fe%1")]
    [InlineData("metadata.google.internal")]
    [InlineData("METADATA.google.internal.")]
    [InlineData("metadata")]
    public async Task A_metadata_service_is_refused_for_everybody(string host)
    {
        var guard = new AddressGuard(Service with { CallerIsOperator = true, AllowedNetworks = ["0.0.0.0/0", "::/0", "*.internal", "metadata"] });
        Assert.Equal(FailureCodes.AddressNotAllowed, (await FailureOf(guard, host, AddressTrust.Caller)).Code);
        Assert.Equal(FailureCodes.AddressNotAllowed, (await FailureOf(guard, host, AddressTrust.Operator)).Code);
    }

    [Fact]
    public async Task The_operator_may_name_a_private_address()
    {
        Assert.Single(await new AddressGuard(Service).ResolveAsync("10.0.0.1", AddressTrust.Operator, Stop));
        Assert.Single(await new AddressGuard(Service with { CallerIsOperator = true }).ResolveAsync("10.0.0.1", AddressTrust.Caller, Stop));
    }

    [Theory]
    [InlineData("10.0.0.0/8", "10.9.8.7", true)]
    [InlineData("10.1.2.3/8", "10.9.8.7", true)]
    [InlineData("10.0.0.0/8", "11.0.0.1", true)] // public anyway
    [InlineData("10.0.0.0/8", "192.168.0.1", false)]
    [InlineData("10.0.0.5", "10.0.0.5", true)]
    [InlineData("10.0.0.5", "10.0.0.6", false)]
    [InlineData("10.0.0.0/8", "::ffff:10.0.0.1", true)]
    [InlineData("fd00::/8", "fd12::1", true)]
    [InlineData("fd00::/8", "fe80::1", false)]
    [InlineData("git.corp.example", "git.corp.example", true)]
    [InlineData("git.corp.example", "GIT.corp.example.", true)]
    [InlineData("git.corp.example", "evil-git.corp.example", false)]
    [InlineData("*.corp.example", "git.corp.example", true)]
    [InlineData("*.corp.example", "a.b.corp.example", true)]
    [InlineData("*.corp.example", "corp.example", false)]
    [InlineData("*.corp.example", "evilcorp.example", false)]
    public async Task Allowed_networks_let_a_caller_reach_what_they_name(string entry, string host, bool allowed)
    {
        var guard = new AddressGuard(Service with { AllowedNetworks = [entry] }, (_, _) => Task.FromResult(new[] { IPAddress.Parse("10.7.7.7") }));
        if (allowed)
            Assert.Single(await guard.ResolveAsync(host, AddressTrust.Caller, Stop));
        else
            Assert.Equal(FailureCodes.AddressNotAllowed, (await FailureOf(guard, host, AddressTrust.Caller)).Code);
    }

    [Theory]
    [InlineData("10.0.0.0/33")]
    [InlineData("10.0.0.0/x")]
    [InlineData("git/8")]
    [InlineData("a b")]
    [InlineData("")]
    [InlineData("https://git.corp.example")]
    public void An_entry_that_cannot_be_read_is_a_configuration_failure(string entry) =>
        Assert.Equal(
            FailureCodes.Configuration,
            Assert.Throws<FailureException>(() => new AddressGuard(Service with { AllowedNetworks = [entry] })).Failure.Code);

    [Fact]
    public async Task A_name_with_a_public_and_a_private_address_is_refused()
    {
        var guard = new AddressGuard(Service, (_, _) => Task.FromResult(new[] { IPAddress.Parse("8.8.8.8"), IPAddress.Parse("10.0.0.1") }));
        Assert.Equal(FailureCodes.AddressNotAllowed, (await FailureOf(guard, "both.example", AddressTrust.Caller)).Code);
    }

    [Fact]
    public async Task A_name_that_resolves_to_nothing_or_not_at_all_is_not_found()
    {
        var empty = new AddressGuard(Service, (_, _) => Task.FromResult(Array.Empty<IPAddress>()));
        Assert.Equal(FailureCodes.HostNotFound, (await FailureOf(empty, "empty.example", AddressTrust.Operator)).Code);

        var failing = new AddressGuard(Service, (_, _) => throw new SocketException((int)SocketError.TryAgain));
        var failure = await FailureOf(failing, "later.example", AddressTrust.Caller);
        Assert.Equal(FailureCodes.HostNotFound, failure.Code);
        Assert.True(failure.Retryable);

        var real = new AddressGuard(Service);
        Assert.Equal(FailureCodes.HostNotFound, (await FailureOf(real, "no-such-host.invalid", AddressTrust.Caller)).Code);
        Assert.Equal(FailureCodes.HostNotFound, (await FailureOf(real, "  ", AddressTrust.Caller)).Code);
    }

    [Fact]
    public async Task A_client_checks_the_address_it_connects_to_and_not_an_earlier_answer()
    {
        await using var server = await HttpScript.StartAsync(_ => new Answer(200, "private"));
        var answers = new Queue<string>(["8.8.8.8", "127.0.0.1"]);
        var guard = new AddressGuard(Service, (_, _) => Task.FromResult(new[] { IPAddress.Parse(answers.Dequeue()) }));

        await guard.ResolveAsync("rebind.example", AddressTrust.Caller, Stop);
        using var client = guard.CreateClient(AddressTrust.Caller);
        var exception = await Assert.ThrowsAnyAsync<HttpRequestException>(
            () => client.GetAsync(new Uri($"http://rebind.example:{server.Port}/"), Stop));

        Assert.Equal(FailureCodes.AddressNotAllowed, FailureMapping.From(exception).Code);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_client_connects_to_the_checked_address_and_keeps_the_name_in_the_request()
    {
        await using var server = await HttpScript.StartAsync(request => new Answer(200, request.Host));
        var guard = new AddressGuard(Service, (_, _) => Task.FromResult(new[] { IPAddress.Loopback }));
        using var client = guard.CreateClient(AddressTrust.Operator);
        Assert.Equal("pinned.example", await client.GetStringAsync(new Uri($"http://pinned.example:{server.Port}/"), Stop));
    }

    [Fact]
    public async Task A_dead_address_is_passed_over_for_the_next()
    {
        await using var server = await HttpScript.StartAsync(_ => new Answer(200, "here"));
        var guard = new AddressGuard(Service, (_, _) => Task.FromResult(new[] { IPAddress.Parse("127.0.0.99"), IPAddress.Loopback }));
        using var client = guard.CreateClient(AddressTrust.Operator);
        Assert.Equal("here", await client.GetStringAsync(new Uri($"http://two.example:{server.Port}/"), Stop));
    }

    [Fact]
    public async Task A_client_follows_no_redirect_and_keeps_no_cookie()
    {
        await using var server = await HttpScript.StartAsync(_ => new Answer(
            302, "", new() { ["Set-Cookie"] = "session=1", ["Location"] = "http://169.254.169.254/latest/meta-data/" }));
        using var client = new AddressGuard(Service).CreateClient(AddressTrust.Operator);
        for (var time = 0; time < 2; time++)
        {
            using var response = await client.GetAsync(server.Url, Stop);
            Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        }

        Assert.Equal(2, server.Requests.Count);
        Assert.All(server.Requests, request => Assert.DoesNotContain("Cookie", request.Headers.Keys));
    }

    [Fact]
    public async Task A_client_refuses_a_metadata_address_before_any_proxy_sees_it()
    {
        using var client = new AddressGuard(Service).CreateClient(AddressTrust.Operator);
        var exception = await Assert.ThrowsAsync<FailureException>(() => client.GetAsync(new Uri("http://169.254.169.254/"), Stop));
        Assert.Equal(FailureCodes.AddressNotAllowed, exception.Failure.Code);
    }

    [Fact]
    public async Task The_proxy_serves_trusted_hosts_and_no_caller()
    {
        await using var proxy = await HttpScript.StartAsync(request => new Answer(200, $"by proxy: {request.Path}"));
        await using var direct = await HttpScript.StartAsync(_ => new Answer(200, "direct"));
        var guard = new AddressGuard(
            Service with { AllowedNetworks = ["named.example", "127.0.0.0/8"] },
            (name, _) => name is "any.example" or "127.0.0.1" ? Task.FromResult(new[] { IPAddress.Loopback }) : throw new SocketException((int)SocketError.HostNotFound),
            new WebProxy(proxy.Url));
        using var operators = guard.CreateClient(AddressTrust.Operator);
        using var callers = guard.CreateClient(AddressTrust.Caller);

        Assert.StartsWith("by proxy", await operators.GetStringAsync(new Uri("http://only-the-proxy-knows.example/x"), Stop), StringComparison.Ordinal);
        Assert.StartsWith("by proxy", await callers.GetStringAsync(new Uri("http://named.example/x"), Stop), StringComparison.Ordinal);
        Assert.Equal("direct", await callers.GetStringAsync(new Uri($"http://any.example:{direct.Port}/"), Stop));
    }

    [Fact]
    public async Task A_caller_may_not_name_the_proxy_itself()
    {
        await using var proxy = await HttpScript.StartAsync(_ => new Answer(200, ""));
        var guard = new AddressGuard(Service with { AllowedNetworks = ["named.example"] }, (_, _) => throw new SocketException(1), new WebProxy(proxy.Url));
        using var client = guard.CreateClient(AddressTrust.Caller);
        await client.GetStringAsync(new Uri("http://named.example/"), Stop);

        var exception = await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetStringAsync(proxy.Url, Stop));
        Assert.Equal(FailureCodes.AddressNotAllowed, FailureMapping.From(exception).Code);
    }

    [Fact]
    public async Task An_https_request_to_a_trusted_host_opens_a_tunnel_through_the_proxy()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var proxy = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        var guard = new AddressGuard(Service with { AllowedNetworks = ["named.example"] }, (_, _) => throw new SocketException(1), new WebProxy(proxy));
        using var client = guard.CreateClient(AddressTrust.Caller);
        var request = client.GetStringAsync(new Uri("https://named.example/"), Stop);

        using (var connection = await listener.AcceptTcpClientAsync(Stop))
        using (var reader = new StreamReader(connection.GetStream()))
        {
            Assert.Equal("CONNECT named.example:443 HTTP/1.1", await reader.ReadLineAsync(Stop));
            while (await reader.ReadLineAsync(Stop) is { Length: > 0 })
            {
            }

            await connection.GetStream().WriteAsync("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), Stop);
        }

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => request);
    }

    private static async Task<Failure> FailureOf(AddressGuard guard, string host, AddressTrust trust) =>
        (await Assert.ThrowsAsync<FailureException>(() => guard.ResolveAsync(host, trust, Stop))).Failure;
}
