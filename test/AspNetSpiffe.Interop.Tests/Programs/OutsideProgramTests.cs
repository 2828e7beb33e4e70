using AspNetSpiffe.TestKit;
using Xunit.Sdk;

namespace AspNetSpiffe.InteropTests;

/// <summary>What a developer sees who lacks a tool.</summary>
public sealed class OutsideProgramTests
{
    [Fact]
    public void A_missing_tool_fails_the_test_and_names_what_installs_it()
    {
        var failure = Assert.Throws<XunitException>(() => OutsideProgram.Start("no-such-tool-anywhere"));
        Assert.Contains("'no-such-tool-anywhere' cannot be started", failure.Message, StringComparison.Ordinal);
        Assert.Contains("build/install-test-tools", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_package_fails_the_test_with_what_the_tool_says()
    {
        using var patience = new CancellationTokenSource(HangLimit.OfATest);
        await using var program = OutsideProgram.Start(Tools.Node, "--eval", "import('no-such-package')");
        var failure = await Assert.ThrowsAsync<XunitException>(() => program.ReadLineAsync(patience.Token));
        Assert.Contains("no-such-package", failure.Message, StringComparison.Ordinal);
        Assert.Contains("build/install-test-tools", failure.Message, StringComparison.Ordinal);
    }
}
