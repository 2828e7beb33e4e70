namespace AspNetSpiffe.Tests.Vectors;

/// <summary>Where a peer stands towards us.</summary>
public enum Position
{
    ClientOverHttp1,
    ClientOverHttp2,
    ClientOfUseSpiffe,
    Server,
    BehindProxyOfRfc9440,
    BehindEnvoy,
    BehindNginx,
}
