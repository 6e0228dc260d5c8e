port <?= $_SERVER['SERVER_PORT'] ?>, generation <?= getenv('GENERATION') ?: 1 ?>

