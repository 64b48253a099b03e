// Runs a declarative pipeline without Jenkins: every `sh` by a real bash, sections honoured, anything unknown refused.
// Usage: groovy pipeline.groovy JENKINSFILE LOG; each step is a line of LOG. Exit 0 when the build ended in SUCCESS.
import org.codehaus.groovy.control.CompilerConfiguration

class Section {
    static final SECTIONS = [
        pipeline: ['agent', 'options', 'environment', 'stages', 'post'],
        stages: ['stage'], stage: ['steps', 'agent', 'environment', 'post'],
        post: ['always', 'success', 'failure', 'unstable', 'aborted', 'cleanup', 'fixed', 'regression'],
    ]
}

abstract class Pipeline extends Script {
    static List<String> log = []
    static Map<String, Closure> after = [:]
    static Map<String, String> env = new HashMap(System.getenv())
    static String result = 'SUCCESS'
    static List<String> where = []
    static final ORDER = ['always', 'fixed', 'regression', 'aborted', 'failure', 'success', 'unstable', 'cleanup']

    def inside(String name, Closure body) {
        where << name
        try { body.call() } finally { where.pop() }
    }
    def section(String name, Closure body) {
        def allowed = Section.SECTIONS[where ? where.last() : '']
        if (allowed != null && !(name in allowed)) throw new IllegalStateException("${name} does not belong in ${where.last()}")
        inside(name, body)
    }

    def pipeline(Closure body) {
        section('pipeline', body)
        ORDER.each { name ->
            if (after[name] && (name in ['always', 'cleanup'] || name == result.toLowerCase())) {
                try { inside('steps', after[name]) } catch (Exception error) { result = 'FAILURE'; log << "failed ${name} ${error.message}" }
            }
        }
    }
    def agent(what) { log << "agent ${what}" }
    def getAny() { 'any' }
    def getNone() { 'none' }
    def getScm() { 'scm' }
    def options(Closure body) { section('options', body) }
    def timestamps() {}
    def disableConcurrentBuilds(Map how = [:]) {}
    def timeout(Map how) {
        if (!(how.unit in ['SECONDS', 'MINUTES', 'HOURS', 'DAYS'])) throw new IllegalStateException("unit ${how.unit}")
    }
    def buildDiscarder(rotator) {}
    def logRotator(Map how) { how }
    def stages(Closure body) { section('stages', body) }
    def stage(String name, Closure body) {
        if (result != 'SUCCESS') { log << "skip ${name}"; return }
        log << "stage ${name}"
        try { section('stage', body) } catch (Exception error) {
            if (error instanceof IllegalStateException || error instanceof MissingMethodException) throw error
            result = 'FAILURE'
        }
    }
    def steps(Closure body) { section('steps', body) }
    def post(Closure body) { section('post', body) }
    def always(Closure body) { after.always = body }
    def success(Closure body) { after.success = body }
    def failure(Closure body) { after.failure = body }
    def cleanup(Closure body) { after.cleanup = body }

    def checkout(what) { log << "checkout ${what}" }
    def junit(Map how) { log << "junit ${how.testResults}" }
    def archiveArtifacts(Map how) { log << "archive ${how.artifacts}" }
    def string(Map how) { how }
    def withCredentials(List wanted, Closure body) {
        wanted.each { env[it.variable] = System.getenv('TEST_SECRET') }
        try { body.call() } finally { wanted.each { env.remove(it.variable) } }
    }
    def catchError(Map how, Closure body) {
        try { body.call() } catch (Exception error) { log << "caught ${how.message}" }
    }
    def sh(String script) {
        if (!('steps' in where)) throw new IllegalStateException('sh outside steps')
        def variables = env.collect { "${it.key}=${it.value}".toString() }
        def process = ['bash', '-ec', script].execute(variables, null)
        process.waitForProcessOutput(System.out, System.out)
        log << "sh ${process.exitValue()} ${script}"
        if (process.exitValue() != 0) throw new RuntimeException("exit ${process.exitValue()}")
    }
}

def how = new CompilerConfiguration(scriptBaseClass: 'Pipeline')
try {
    new GroovyShell(this.class.classLoader, new Binding(), how).evaluate(new File(args[0]))
} finally {
    new File(args[1]).text = Pipeline.log.join('\n')
}
System.exit(Pipeline.result == 'SUCCESS' ? 0 : 1)
