namespace AspNetSpiffe.Cli.Output;

/// <summary>Shows SVIDs and bundles as human-readable lines.</summary>
internal static class TerminalContext
{
    public static void Show(this Terminal terminal, X509Context context)
    {
        foreach (var svid in context.Svids)
        {
            terminal.Title(svid.Id.ToString());
            if (svid.Hint.Length > 0) terminal.Field("hint", svid.Hint);
            terminal.Field("serial", svid.Leaf.SerialNumber);
            terminal.Field("valid", Describe(svid.NotBefore, svid.NotAfter));
            terminal.Field("key", CertificateText.DescribeKey(svid.Leaf));
            terminal.Field("issued by", svid.Leaf.Issuer);
            terminal.Field("chain", svid.Intermediates.Length == 1 ? "leaf and 1 intermediate" : $"leaf and {svid.Intermediates.Length} intermediates");
            terminal.Blank();
        }

        terminal.Show(context.Bundles);
        terminal.ShowRemarks(context.Remarks);
    }

    public static void Show(this Terminal terminal, X509BundleSet bundles)
    {
        foreach (var bundle in bundles)
        {
            terminal.Heading($"bundle {bundle.TrustDomain}", "X.509");
            foreach (var authority in bundle.Authorities)
                terminal.Field("authority", $"{authority.Subject}, until {Times.Describe(new(authority.NotAfter.ToUniversalTime()))}");
            if (bundle.Authorities.IsEmpty) terminal.Field("authority", "none: no peer of this trust domain is trusted");
        }
    }

    public static void Show(this Terminal terminal, X509BundleSet x509, JwtBundleSet jwt)
    {
        terminal.Show(x509);
        foreach (var bundle in jwt)
        {
            terminal.Heading($"bundle {bundle.TrustDomain}", "JWT");
            foreach (var authority in bundle.Authorities) terminal.Field("key", authority.KeyId);
        }

        terminal.ShowRemarks(x509.Remarks.Concat(jwt.Remarks));
    }

    public static void Show(this Terminal terminal, IEnumerable<JwtSvid> svids)
    {
        foreach (var svid in svids)
        {
            terminal.Title(svid.Id.ToString());
            if (svid.Hint.Length > 0) terminal.Field("hint", svid.Hint);
            terminal.Field("audience", string.Join(", ", svid.Audiences));
            terminal.Field("valid", $"until {Times.Describe(svid.ExpiresAt)} ({Left(svid.ExpiresAt)})");
            terminal.Copy(svid.Token);
        }
    }

    private static void ShowRemarks(this Terminal terminal, IEnumerable<string> remarks)
    {
        foreach (var remark in remarks) terminal.Field("remark", remark);
    }

    private static string Describe(DateTimeOffset notBefore, DateTimeOffset notAfter) =>
        $"{Times.Describe(notBefore)} to {Times.Describe(notAfter)} ({Left(notAfter)})";

    private static string Left(DateTimeOffset end) => Times.DescribeLeft(end, TimeProvider.System.GetUtcNow());
}
